/**
 * How good features are: what can be told from them, by nearest neighbours ({@link dev.kinema.metric.NearestNeighbours}), by a linear
 * classifier ({@link dev.kinema.metric.LinearProbe}) or by retrieval ({@link dev.kinema.metric.Retrieval}), and whether they have
 * collapsed ({@link dev.kinema.metric.FeatureSpread}). Pure functions of arrays: features are float [n][d], one row each, classes are
 * counted from 0.
 *
 * <p>And how good predictions are on VidSitu: verbs ({@link dev.kinema.metric.Verbs}), semantic roles
 * ({@link dev.kinema.metric.SemanticRoles}, of {@link dev.kinema.metric.Cider}, {@link dev.kinema.metric.RougeL},
 * {@link dev.kinema.metric.Bleu} and {@link dev.kinema.metric.Lea}) and relations of events ({@link dev.kinema.metric.EventRelations}), of
 * models and of people ({@link dev.kinema.metric.HumanAgreement}). Scores are as they are computed, not in percent. Order within lists
 * changes no score but by rounding, except that of annotators, where it says so.
 */
package dev.kinema.metric;
