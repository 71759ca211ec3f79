package dev.kinema.device;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** The cases that every device is held to. */
public final class OpCases {
    private final List<OpCase> cases = new ArrayList<>();
    private final Set<String> names = new HashSet<>();

    private OpCases() {
        ConvolutionCases.addTo(this);
        PoolingCases.addTo(this);
        ElementwiseCases.addTo(this);
        LayoutCases.addTo(this);
        NormalisationCases.addTo(this);
        ProductCases.addTo(this);
        AttentionCases.addTo(this);
        LossCases.addTo(this);
        UpdateCases.addTo(this);
        FusionCases.addTo(this);
        ChainCases.addTo(this);
    }

    public static List<OpCase> all() {
        return new OpCases().cases;
    }

    void add(String name, Consumer<CaseGraph> build) {
        if (!names.add(name)) {
            throw new IllegalArgumentException("two cases are named " + name);
        }
        cases.add(new OpCase(name, build));
    }
}
