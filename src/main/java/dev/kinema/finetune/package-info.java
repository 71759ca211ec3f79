/**
 * Fine-tuning on the movie tasks, repeated over seeds ({@link dev.kinema.finetune.Finetuning}): settings, the network of each task, and what
 * comes out of it, as the paper gives it.
 */
package dev.kinema.finetune;
