package dev.kinema.bench;

/**
 * What one run of a workload has to do; 0 where that is not counted.
 *
 * @param flops arithmetic, a multiply-add counted as two
 * @param bytes that have to cross memory
 * @param leastSeconds what the device's {@linkplain dev.kinema.device.Roofline roofline} allows for them, kernel by kernel
 */
public record Work(long flops, long bytes, double leastSeconds) {
    static final Work UNKNOWN = new Work(0, 0, 0);

    Work plus(Work o) {
        return new Work(flops + o.flops, bytes + o.bytes, leastSeconds + o.leastSeconds);
    }
}
