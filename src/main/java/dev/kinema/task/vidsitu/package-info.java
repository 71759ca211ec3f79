/**
 * The VidSitu dataset (Sadhu et al., CVPR 2021): clips of ten seconds in five events, each with a verb, its roles as texts, and how it is
 * related to the third. Its files are read as they were released ({@link dev.kinema.task.vidsitu.VidSituDataset}), and small datasets of
 * the same form can be made up ({@link dev.kinema.task.vidsitu.GeneratedDataset}). What models say of a split is a file
 * ({@link dev.kinema.task.vidsitu.Predictions}), and is scored by what people said ({@link dev.kinema.task.vidsitu.Scoring}).
 */
package dev.kinema.task.vidsitu;
