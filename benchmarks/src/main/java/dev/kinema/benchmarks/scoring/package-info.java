/** What scoring predictions of many clips costs. */
package dev.kinema.benchmarks.scoring;
