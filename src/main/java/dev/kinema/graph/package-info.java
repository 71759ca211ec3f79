/**
 * The computation: a {@link dev.kinema.graph.Graph} of typed {@link dev.kinema.graph.Value}s, built once. Holds no data and
 * nothing native; {@link dev.kinema.graph.op} has one record per operation.
 */
package dev.kinema.graph;
