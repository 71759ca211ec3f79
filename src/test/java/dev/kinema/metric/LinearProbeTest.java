package dev.kinema.metric;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LinearProbeTest {
    @Test
    void minimumIsWhereTheGradientVanishes() {
        // x = -1 is of class 0, x = 1 of class 1: weights -w and w cost log(1 + exp(-2 w)) + penalty w^2, least where
        // 1 / (1 + exp(2 w)) = penalty w, so at w = 1 for this penalty
        double penalty = 1 / (1 + Math.exp(2));
        SoftmaxRegression problem = new SoftmaxRegression(new double[][] {{-1}, {1}}, new int[] {0, 1}, 2, penalty);
        double[] found = Lbfgs.minimize(problem, new double[4], 100);
        // the gradient is below 1e-7 there, and the curvature above 0.1
        assertArrayEquals(new double[] {-1, 0, 1, 0}, found, 1e-6);
        assertEquals(Math.log(1 + Math.exp(-2)) + penalty, problem.value(found, new double[4]), 1e-12);
    }

    @Test
    void gradientIsThatOfTheValue() {
        SplittableRandom random = new SplittableRandom(2);
        double[][] rows = new double[5][3];
        for (double[] row : rows) {
            for (int j = 0; j < 3; j++) {
                row[j] = random.nextDouble() - 0.5;
            }
        }
        SoftmaxRegression problem = new SoftmaxRegression(rows, new int[] {0, 2, 1, 3, 2}, 4, 0.3);
        double[] point = random.doubles(problem.size(), -2, 2).toArray();
        double[] gradient = new double[point.length];
        problem.value(point, gradient);
        for (int j = 0; j < point.length; j++) {
            double[] moved = point.clone();
            moved[j] += 1e-5;
            double above = problem.value(moved, new double[point.length]);
            moved[j] -= 2e-5;
            double below = problem.value(moved, new double[point.length]);
            // central differences: error of the order of 1e-10 from the step, 1e-11 from rounding
            assertEquals((above - below) / 2e-5, gradient[j], 1e-8);
        }
    }

    @Test
    void classesThatAPlanePartsAreTold() {
        SplittableRandom random = new SplittableRandom(3);
        float[][] features = new float[300][4];
        int[] labels = new int[300];
        for (int i = 0; i < 300; i++) {
            labels[i] = i % 3;
            for (int j = 0; j < 4; j++) {
                features[i][j] = (float) random.nextDouble();
            }
            // a thousandth of what the others vary by, and hidden in an offset: standardisation finds it
            features[i][1] = 5 + 0.001f * (labels[i] == 1 ? 1 : 0);
            features[i][2] = 0.001f * (labels[i] == 2 ? 1 : 0);
            features[i][3] = 7;
        }
        float[][] train = Arrays.copyOf(features, 150);
        float[][] test = Arrays.copyOfRange(features, 150, 300);
        int[] trainLabels = Arrays.copyOf(labels, 150);
        int[] testLabels = Arrays.copyOfRange(labels, 150, 300);
        assertEquals(1, LinearProbe.STANDARD.accuracy(train, trainLabels, test, testLabels));
        assertArrayEquals(LinearProbe.STANDARD.classify(train, trainLabels, test), LinearProbe.STANDARD.classify(train, trainLabels, test));
    }

    @Test
    void classesThatNoPlanePartsAreNot() {
        float[][] corners = {{0, 0}, {1, 1}, {0, 1}, {1, 0}};
        assertEquals(0.5, LinearProbe.STANDARD.accuracy(corners, new int[] {0, 0, 1, 1}, corners, new int[] {0, 0, 1, 1}));
        assertEquals(1, LinearProbe.STANDARD.accuracy(corners, new int[] {0, 1, 0, 1}, corners, new int[] {0, 1, 0, 1}));
    }

    @Test
    void withoutPenaltyItEndsAllTheSame() {
        float[][] parted = {{-1}, {-2}, {1}, {2}};
        int[] labels = {0, 0, 1, 1};
        assertTrue(new LinearProbe(0, 1000).accuracy(parted, labels, parted, labels) == 1);
        assertThrows(IllegalArgumentException.class, () -> new LinearProbe(-1, 10));
        assertThrows(IllegalArgumentException.class, () -> new LinearProbe(Double.NaN, 10));
    }
}
