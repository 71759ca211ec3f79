/** Whole films: from the file to the features, and from the start of a process to the first of them. */
package dev.kinema.benchmarks.films;
