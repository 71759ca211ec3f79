package dev.kinema.optim;

import dev.kinema.graph.Graph;
import dev.kinema.graph.Value;
import java.util.regex.Pattern;

/** Which parameters of a graph are meant, by name. */
@FunctionalInterface
public interface Selection {
    boolean includes(String name, Graph graph);

    /** Every parameter. */
    Selection ALL = (name, graph) -> true;

    /** Parameters with one axis or none: biases, and the weights of norms. */
    Selection VECTORS = (name, graph) -> graph.variables().get(name).shape().rank() <= 1;

    /** Weights and biases of batch and layer norms: those of a place whose weight has one axis. */
    Selection NORMS = (name, graph) -> {
        Value weight = graph.variables().get(name.substring(0, name.lastIndexOf('.') + 1) + "weight");
        return weight != null && weight.shape().rank() == 1 && (name.endsWith(".weight") || name.endsWith(".bias"));
    };

    /** Biases, those of norms included. */
    Selection BIASES = (name, graph) -> name.endsWith("bias");

    /** Parameters in whose name the regular expression is found. */
    static Selection matching(String regex) {
        Pattern pattern = Pattern.compile(regex);
        return (name, graph) -> pattern.matcher(name).find();
    }
}
