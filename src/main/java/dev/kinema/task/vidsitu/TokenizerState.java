package dev.kinema.task.vidsitu;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import dev.kinema.KinemaException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The state of a tokenizer of the tokenizers library: the JSON text that it also saves as {@code tokenizer.json}. Of its parts
 * {@code added_tokens} is read, a list of objects with {@code id} and {@code content}, and of {@code model} the number of tokens in
 * {@code vocab}, where it is there.
 */
final class TokenizerState {
    /** An added token. */
    record Token(long id, String content) {
    }

    private final Path file;
    private final byte[] json;
    private boolean listed;

    /** @param file which has the text, for messages */
    TokenizerState(Path file, byte[] json) {
        this.file = file;
        this.json = json;
    }

    /**
     * The added tokens in the text's order.
     *
     * @throws KinemaException if the text is malformed, has none, or is that of another vocabulary than GPT-2's
     */
    List<Token> tokens() {
        List<Token> tokens = new ArrayList<>();
        try (JsonReader in = new JsonReader(new InputStreamReader(new ByteArrayInputStream(json), StandardCharsets.UTF_8.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)))) {
            in.setStrictness(Strictness.STRICT);
            in.beginObject();
            while (in.hasNext()) {
                switch (in.nextName()) {
                    case "added_tokens" -> readTokens(in, tokens);
                    case "model" -> readModel(in);
                    default -> in.skipValue();
                }
            }
            in.endObject();
            if (in.peek() != JsonToken.END_DOCUMENT) {
                throw new KinemaException(file + ": has more after its tokenizer's state: fetch the file again");
            }
        } catch (IOException | IllegalStateException | NumberFormatException e) {
            // the parser's own words advise programmers
            throw new KinemaException(file + ": its tokenizer's state is not the JSON of a tokenizer: fetch the file again", e);
        }
        if (!listed) {
            throw new KinemaException(file + ": its tokenizer's state has no added_tokens: fetch the file again");
        }
        return tokens;
    }

    private void readTokens(JsonReader in, List<Token> tokens) throws IOException {
        if (listed) {
            throw new KinemaException(file + ": its tokenizer's state has added_tokens twice: fetch the file again");
        }
        listed = true;
        in.beginArray();
        while (in.hasNext()) {
            long id = -1;
            String content = null;
            in.beginObject();
            while (in.hasNext()) {
                switch (in.nextName()) {
                    case "id" -> id = in.nextLong();
                    case "content" -> content = in.nextString();
                    default -> in.skipValue();
                }
            }
            in.endObject();
            if (id < 0 || content == null) {
                throw new KinemaException(file + ": its tokenizer's added token " + tokens.size() + " has no id or no content: fetch the"
                    + " file again");
            }
            tokens.add(new Token(id, content));
        }
        in.endArray();
    }

    private void readModel(JsonReader in) throws IOException {
        in.beginObject();
        while (in.hasNext()) {
            if (!in.nextName().equals("vocab")) {
                in.skipValue();
                continue;
            }
            int size = 0;
            in.beginObject();
            while (in.hasNext()) {
                in.nextName();
                in.skipValue();
                size++;
            }
            in.endObject();
            if (size != AddedTokens.FIRST) {
                throw new KinemaException(file + ": its tokenizer has " + size + " tokens of its own, and GPT-2's has " + AddedTokens.FIRST
                    + ": name a tokenizer made from GPT-2's");
            }
        }
        in.endObject();
    }
}
