/**
 * Films in and out: decoding, sampling of clips by presentation time, and writing of small films.
 *
 * <p>{@link dev.kinema.video.VideoFile} opens a film, {@link dev.kinema.video.FrameReader} walks over its frames,
 * {@link dev.kinema.video.FrameFolder} takes a folder of pictures for one,
 * {@link dev.kinema.video.ClipReader} over its clips; {@link dev.kinema.video.VideoWriter} writes films, and
 * {@link dev.kinema.video.EventFilm} and {@link dev.kinema.video.SituationFilm} make some up. This is the only package that knows FFmpeg.
 */
package dev.kinema.video;
