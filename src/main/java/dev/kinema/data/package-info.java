/**
 * From films to clips, as data for training, testing and embedding: which films there are ({@link dev.kinema.data.FilmList}), when their
 * pictures are taken ({@link dev.kinema.data.ClipSampler}), what is done to them ({@link dev.kinema.data.ClipTransform}), and the batches
 * that come of it ({@link dev.kinema.data.ClipLoader}).
 */
package dev.kinema.data;
