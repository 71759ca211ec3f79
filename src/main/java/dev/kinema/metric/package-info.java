/**
 * How good features are: what can be told from them, by nearest neighbours ({@link dev.kinema.metric.NearestNeighbours}), by a linear
 * classifier ({@link dev.kinema.metric.LinearProbe}) or by retrieval ({@link dev.kinema.metric.Retrieval}), and whether they have
 * collapsed ({@link dev.kinema.metric.FeatureSpread}). Pure functions of arrays: features are float [n][d], one row each, classes are
 * counted from 0.
 */
package dev.kinema.metric;
