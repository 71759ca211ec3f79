package dev.kinema.device.cuda;

/** A piece of device memory that one or more buffers describe, with the steps between which it is needed. */
final class Storage {
    /** Who provides the memory. */
    enum Home {
        /** The program's planned block. */
        PLANNED,
        /** The program, for as long as it lives: inputs, outputs, what is derived from weights alone. */
        HELD,
        /** The weights. */
        WEIGHTS
    }

    final String name;
    final long bytes;
    Home home;
    /** Whether the contents depend on nothing but weights that this program does not write. */
    boolean constant;
    /** Whether it is derived from a variable that this program writes, and kept up by the steps that write that: see {@link RingCopies}. */
    boolean kept;
    /** Whether only one step uses it, for what it computes in passing. */
    boolean scratch;
    /** How many values live here; only an unshared one may be overwritten in place. */
    int values;
    int first = Integer.MAX_VALUE;
    int last = -1;
    private long address;

    Storage(String name, long bytes, Home home) {
        this.name = name;
        this.bytes = bytes;
        this.home = home;
    }

    void usedAt(int step) {
        first = Math.min(first, step);
        last = Math.max(last, step);
    }

    void place(long address) {
        this.address = address;
    }

    /** Known once the program's memory is allocated. */
    long address() {
        if (address == 0) {
            throw new IllegalStateException(name + " has no place yet");
        }
        return address;
    }
}
