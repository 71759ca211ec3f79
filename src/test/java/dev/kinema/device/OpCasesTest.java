package dev.kinema.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.graph.Backward;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.op.Fill;
import dev.kinema.graph.op.Input;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Variable;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OpCasesTest {
    private static final Map<Class<? extends Op>, Op> SEEN = new HashMap<>();
    private static final Set<Class<? extends Op>> DIFFERENTIATED = new HashSet<>();

    /** Nothing flows back into these, so their rule is never asked. */
    private static final Set<Class<? extends Op>> WITHOUT_INPUTS = Set.of(Input.class, Variable.class, Fill.class);

    static {
        for (OpCase c : OpCases.all()) {
            CaseGraph g = c.forward();
            see(g.graph());
            see(Fusion.apply(g.graph()));
            if (g.differentiable()) {
                see(c.backward().graph());
                Schedule.of(g.graph()).nodes().forEach(n -> DIFFERENTIATED.add(n.op().getClass()));
            }
        }
    }

    private static void see(Graph graph) {
        for (Node node : graph.nodes()) {
            SEEN.putIfAbsent(node.op().getClass(), node.op());
        }
    }

    @Test
    void everyOperationHasACase() {
        assertEquals(List.of(), Operations.all().stream().filter(op -> !SEEN.containsKey(op)).toList());
    }

    @Test
    void everyOperationWithAGradientRuleHasADifferentiatedCase() throws NoSuchMethodException {
        for (Class<? extends Op> op : Operations.all()) {
            if (hasGradientRule(op)) {
                assertTrue(DIFFERENTIATED.contains(op), op.getSimpleName());
            }
        }
    }

    @Test
    void anOperationWithoutAGradientSaysWhy() throws NoSuchMethodException {
        for (Class<? extends Op> op : Operations.all()) {
            if (!hasGradientRule(op) && !WITHOUT_INPUTS.contains(op)) {
                String message = assertThrows(KinemaException.class, () -> SEEN.get(op).gradient(null), op.getSimpleName()).getMessage();
                assertTrue(message.startsWith(op.getSimpleName() + " has no gradient: "), message);
                assertEquals(SEEN.get(op).writes().length > 0, message.contains("it updates a variable"), message);
            }
        }
    }

    private static boolean hasGradientRule(Class<? extends Op> op) throws NoSuchMethodException {
        return op.getMethod("gradient", Backward.class).getDeclaringClass() != Op.class;
    }
}
