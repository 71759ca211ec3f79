/** Which clips and frames of a film are looked at, as data for training and embedding. */
package dev.kinema.data;
