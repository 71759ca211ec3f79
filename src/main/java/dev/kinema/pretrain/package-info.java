/**
 * Learning without labels, both levels: objectives for the backbone (contrast within a batch, contrast against a queue, and classification
 * for comparison), mask prediction for the contextualizer, and the schedule that runs them one after the other.
 */
package dev.kinema.pretrain;
