/**
 * The networks: the video backbone {@link dev.kinema.model.Slow} (Slow and Slow-D), the contextualizer
 * {@link dev.kinema.model.Contextualizer} (TxE), the text decoder {@link dev.kinema.model.Decoder} (TxD), the
 * language model {@link dev.kinema.model.LanguageModel} (GPT-2) and projection heads. A network
 * is its configuration; applying it to values in a {@link dev.kinema.nn.Pass} appends its nodes.
 */
package dev.kinema.model;
