package dev.kinema.metric;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Minimises a smooth convex function by L-BFGS (Nocedal and Wright, "Numerical Optimization", 2nd edition, algorithms 7.4 and 7.5) with
 * steps halved until they lower it enough (Armijo).
 */
final class Lbfgs {
    private static final int MEMORY = 10;
    private static final double SMALLEST_GRADIENT = 1e-7;
    private static final double SUFFICIENT = 1e-4;
    private static final int HALVINGS = 40;

    /** A function to be minimised. */
    interface Objective {
        /** The value at a point, whose gradient goes into {@code gradient}. */
        double value(double[] point, double[] gradient);
    }

    /** A step taken, by how much the gradient changed over it, and 1 over their product. */
    private record Step(double[] move, double[] change, double rho) {
    }

    private Lbfgs() {
    }

    /** The point reached from {@code start}, which is not changed. */
    static double[] minimize(Objective objective, double[] start, int iterations) {
        double[] point = start.clone();
        double[] gradient = new double[point.length];
        double value = objective.value(point, gradient);
        double[] next = new double[point.length];
        double[] nextGradient = new double[point.length];
        Deque<Step> steps = new ArrayDeque<>();
        for (int i = 0; i < iterations && Math.sqrt(Features.dot(gradient, gradient)) > SMALLEST_GRADIENT; i++) {
            double[] direction = direction(gradient, steps);
            double slope = Features.dot(gradient, direction);
            double length = 1;
            double nextValue = Double.POSITIVE_INFINITY;
            for (int halving = 0; halving < HALVINGS && !(nextValue <= value + SUFFICIENT * length * slope); halving++) {
                length = halving == 0 ? 1 : length / 2;
                for (int j = 0; j < point.length; j++) {
                    next[j] = point[j] + length * direction[j];
                }
                nextValue = objective.value(next, nextGradient);
            }
            if (!(nextValue < value)) {
                // nothing lower can be told from here in double precision
                return point;
            }
            remember(steps, point, next, gradient, nextGradient);
            System.arraycopy(next, 0, point, 0, point.length);
            System.arraycopy(nextGradient, 0, gradient, 0, point.length);
            value = nextValue;
        }
        return point;
    }

    private static void remember(Deque<Step> steps, double[] from, double[] to, double[] before, double[] after) {
        double[] move = new double[from.length];
        double[] change = new double[from.length];
        for (int j = 0; j < move.length; j++) {
            move[j] = to[j] - from[j];
            change[j] = after[j] - before[j];
        }
        double product = Features.dot(move, change);
        if (product <= 0) {
            // rounding: a convex function bends upwards along every step
            return;
        }
        steps.addLast(new Step(move, change, 1 / product));
        if (steps.size() > MEMORY) {
            steps.removeFirst();
        }
    }

    /** The two loops of algorithm 7.4: minus the approximate inverse Hessian times the gradient. */
    private static double[] direction(double[] gradient, Deque<Step> steps) {
        double[] direction = gradient.clone();
        Deque<Double> factors = new ArrayDeque<>();
        for (var newest = steps.descendingIterator(); newest.hasNext();) {
            Step step = newest.next();
            double factor = step.rho * Features.dot(step.move, direction);
            factors.addFirst(factor);
            add(direction, -factor, step.change);
        }
        if (!steps.isEmpty()) {
            Step last = steps.getLast();
            scale(direction, 1 / (last.rho * Features.dot(last.change, last.change)));
        }
        for (Step step : steps) {
            add(direction, factors.removeFirst() - step.rho * Features.dot(step.change, direction), step.move);
        }
        scale(direction, -1);
        return direction;
    }

    private static void add(double[] to, double factor, double[] what) {
        for (int j = 0; j < to.length; j++) {
            to[j] += factor * what[j];
        }
    }

    private static void scale(double[] values, double factor) {
        for (int j = 0; j < values.length; j++) {
            values[j] *= factor;
        }
    }
}
