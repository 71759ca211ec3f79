package dev.kinema.task;

import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.graph.Value;
import dev.kinema.nn.KeysValues;
import dev.kinema.nn.NextToken;
import dev.kinema.nn.Pass;
import java.util.List;

/** A network as {@link CachedSteps} runs it: its part of a step's graph, and what that reads besides the tokens. */
sealed interface Writer extends AutoCloseable permits DecoderWriter, LanguageModelWriter {

    /**
     * One token more in each row, as for {@link dev.kinema.model.LanguageModel#next}. Declares the inputs that {@link #enter} fills.
     *
     * @return as {@code y} the logits of the next token [rows, vocabulary]
     */
    NextToken next(Pass pass, Value token, Value position, List<KeysValues> past, Value padding);

    /** Begins new texts, about {@code count} rows of memory from row {@code from} on; memory is null where texts are about none. */
    void start(HostArray memory, int from, int count);

    /** Gives a program of {@link #next} what does not change from token to token. */
    void enter(Program step);

    @Override
    void close();
}
