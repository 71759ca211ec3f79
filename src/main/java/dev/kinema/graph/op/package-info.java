/**
 * One record per operation: shape rule, gradient rule, arithmetic and bytes. Layouts are logical and row-major with channels
 * last: video is [N, T, H, W, C], sequences are [B, S, D]; devices may store them otherwise.
 */
package dev.kinema.graph.op;
