package dev.kinema.finetune;
public record TaskResults() { }
