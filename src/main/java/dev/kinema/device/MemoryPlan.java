package dev.kinema.device;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * Places buffers with known lifetimes into one block: largest first, each at the lowest offset where nothing alive at the same time lies.
 *
 * @param blocks the placed buffers, in the order they were requested
 * @param bytes size of the block: the peak
 * @param persistentBytes what the program holds outside the block for as long as it lives (inputs, outputs, prepared weights)
 */
public record MemoryPlan(List<Block> blocks, long bytes, long persistentBytes) {
    /** Every offset is a multiple of this, a cache line. */
    public static final long ALIGNMENT = 64;

    /** A buffer used from step {@code first} to step {@code last}, both inclusive. */
    public record Request(String name, long bytes, int first, int last) {
        boolean overlaps(Request other) {
            return first <= other.last && other.first <= last;
        }
    }

    /** A buffer with its place. */
    public record Block(Request request, long offset) {
        long end() {
            return offset + aligned(request.bytes());
        }
    }

    public static MemoryPlan of(List<Request> requests, long persistentBytes) {
        Block[] placed = new Block[requests.size()];
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < placed.length; i++) {
            order.add(i);
        }
        order.sort(Comparator.comparingLong((Integer i) -> -requests.get(i).bytes()).thenComparing(i -> i));
        List<Block> byOffset = new ArrayList<>();
        long peak = 0;
        for (int i : order) {
            Block block = place(requests.get(i), byOffset);
            placed[i] = block;
            byOffset.add(block);
            byOffset.sort(Comparator.comparingLong(Block::offset));
            peak = Math.max(peak, block.end());
        }
        return new MemoryPlan(List.of(placed), peak, persistentBytes);
    }

    private static Block place(Request request, Collection<Block> byOffset) {
        long offset = 0;
        for (Block other : byOffset) {
            if (!request.overlaps(other.request())) {
                continue;
            }
            if (offset + aligned(request.bytes()) <= other.offset()) {
                break;
            }
            offset = Math.max(offset, other.end());
        }
        return new Block(request, offset);
    }

    /** What the buffers would take if none shared memory. */
    public long unsharedBytes() {
        return blocks.stream().mapToLong(b -> aligned(b.request().bytes())).sum();
    }

    static long aligned(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    @Override
    public String toString() {
        return String.format("%,d bytes of activations in one block (%,d unshared), %,d bytes held", bytes, unsharedBytes(), persistentBytes);
    }
}
