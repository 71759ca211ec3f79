/**
 * The door for programs that want features of films: {@link dev.kinema.embed.MovieEncoder} from a film or from frames, and
 * {@link dev.kinema.embed.BackboneWeights}, {@link dev.kinema.embed.ContextualizerWeights} that tell from a file which network its
 * weights belong to.
 */
package dev.kinema.embed;
