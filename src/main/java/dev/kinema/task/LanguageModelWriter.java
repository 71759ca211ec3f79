package dev.kinema.task;

import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.graph.Value;
import dev.kinema.model.LanguageModel;
import dev.kinema.nn.KeysValues;
import dev.kinema.nn.NextToken;
import dev.kinema.nn.Pass;
import java.util.List;

/** A language model: it reads tokens only. */
record LanguageModelWriter(LanguageModel model) implements Writer {
    @Override
    public NextToken next(Pass pass, Value token, Value position, List<KeysValues> past, Value padding) {
        return model.next(pass, token, position, past, padding);
    }

    @Override
    public void start(HostArray memory, int from, int count) {
        // its texts are about nothing
    }

    @Override
    public void enter(Program step) {
        // nothing besides the tokens
    }

    @Override
    public void close() {
        // it holds nothing
    }
}
