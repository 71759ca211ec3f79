package dev.kinema.device.cuda;

/**
 * A library that computes on a device in place of our kernels; any thread may use it.
 *
 * @param <C> what it computes
 */
interface VendorLibrary<C extends Contraction> extends AutoCloseable {
    /** As steps and reports name it. */
    String name();

    /** Asks the library how it does something. */
    Offer offer(C contraction);

    /** Ends all that it has offered. */
    @Override
    void close();

    /**
     * What a library answers.
     *
     * @param way how it does it; null where it refuses
     * @param refusal why it refuses; null where it does not
     */
    record Offer(Way way, String refusal) {
        static Offer of(Way way) {
            return new Offer(way, null);
        }

        static Offer refusal(String why) {
            return new Offer(null, why);
        }
    }

    /** How a library does something; any thread may use it. */
    interface Way {
        /** The library's name. */
        String name();

        /** How much memory it needs in passing, bytes. */
        long workspaceBytes();

        /**
         * Puts it on a stream, which may be captured into a graph; allocates nothing.
         *
         * @param y and the others: addresses on the device, aligned to 64 bytes; {@code bias} and {@code added} are 0 where there is none
         * @throws dev.kinema.KinemaException if the library fails
         */
        void launch(long y, long a, long b, long bias, long added, long workspace, long stream);
    }
}
