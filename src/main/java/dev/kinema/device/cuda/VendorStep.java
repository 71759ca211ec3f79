package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.Node;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** A step that a library of the vendor's does. */
final class VendorStep {
    private VendorStep() {}

    /**
     * Appends it as a step of the current node.
     *
     * @param suffix after the library's name: what it does
     * @param bias may be null, as may {@code added}
     */
    static void append(Lowering l, Node node, String suffix, VendorLibrary.Way way, Buffer y, Buffer a, Buffer b, Buffer bias,
            Buffer added) {
        Buffer workspace = l.scratch(way.workspaceBytes(), way.name());
        List<Buffer> reads = Stream.of(a, b, bias, added).filter(Objects::nonNull).toList();
        l.step(way.name() + suffix, reads, List.of(y, workspace), stream -> {
            try {
                way.launch(y.address(), a.address(), b.address(), address(bias), address(added), workspace.address(), stream);
                return Kinema.KN_OK;
            } catch (KinemaException e) {
                throw Lowering.at(node, e.getMessage(), e);
            }
        });
    }

    /** 0 for a buffer that is not there. */
    static long address(Buffer buffer) {
        return buffer == null ? 0 : buffer.address();
    }
}
