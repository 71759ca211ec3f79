/** What was to be reached, beside what {@code benchmarks/results} says was reached. */
package dev.kinema.benchmarks.aims;
