/** What a service that embeds the encoder costs in the long run. */
package dev.kinema.benchmarks.serving;
