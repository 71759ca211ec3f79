package dev.kinema.device.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kinema.device.Operations;
import dev.kinema.graph.op.Input;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Variable;
import java.util.List;
import org.junit.jupiter.api.Test;

class KernelsTest {
    @Test
    void everyOperationHasAKernel() {
        List<Class<? extends Op>> without = Operations.all().stream().filter(op -> !Kernels.has(op)).toList();
        assertEquals(List.of(Input.class, Variable.class), without, "a program holds these two itself; all others are computed");
    }
}
