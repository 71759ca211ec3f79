package dev.kinema.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.config.ConfigReader;
import dev.kinema.config.ConfigWriter;
import dev.kinema.model.DecoderConfig;
import dev.kinema.task.DecodingConfig;
import dev.kinema.task.vidsitu.AddedTokens;
import dev.kinema.task.vidsitu.RoleSequence;
import dev.kinema.task.vidsitu.RoleTokenizer;
import dev.kinema.task.vidsitu.RoleTokenizer.Spaces;
import dev.kinema.task.vidsitu.StoryFiles;
import dev.kinema.task.vidsitu.VerbVocabulary;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class RolesConfigTest {
    private static final RoleTokenizer TOKENIZER =
        new RoleTokenizer(AddedTokens.of(VerbVocabulary.of(StoryFiles.situations(1).get(0).annotations())));

    private static String refused(String yaml) {
        return assertThrows(KinemaException.class, () -> RoleNetworkTest.config(yaml)).getMessage();
    }

    private static void assertSays(String part, String message) {
        assertTrue(message.contains(part), message);
    }

    @Test
    void settingsThatDoNotGoTogetherAreRefused() {
        String decoder = RoleNetworkTest.PAPER.lines().limit(3).reduce("", (a, b) -> a + b + "\n");
        String model = "language_model: {network: {width: 32, max_length: 60, layers: 1, heads: 2, feed_forward: 64}}\n";
        assertSays("give one of the two", refused(decoder + model));
        assertSays("give one of the two", refused("length: 60\n"));
        assertSays("it must be the same, or 0", refused(decoder + "event_width: 16\n"));
        assertSays("sees no events", refused(model + "event_width: 32\n"));
        assertSays("needs 61 positions", refused(decoder + "length: 62\n"));
        assertSays("needs 61 positions", refused(model + "decoding: {max_tokens: 60, start: eos}\n"));
        assertSays("length is 1", refused(decoder + "length: 1\n"));
        assertSays("beam", refused(decoder + "decoding: {beam: 0}\n"));
        assertSays("set tokens to all", refused("language_model: {weights: a.safetensors}\ntokens: seen\n"));
        assertSays("give one of the two", refused("language_model: {}\n"));
    }

    @Test
    void filesAreThePapersAndTheToolkits() {
        Path parts = Path.of("configs/vidsitu/parts");
        RolesConfig paper = ConfigReader.read(parts.resolve("txd-paper.yaml"), RolesConfig.class);
        RolesConfig toolkit = ConfigReader.read(parts.resolve("txd-toolkit.yaml"), RolesConfig.class);
        TokenTable tokens = TokenTable.all(TOKENIZER);
        assertEquals(over(tokens, DecoderConfig.PAPER), paper.decoder().orElseThrow().over(tokens));
        assertEquals(over(tokens, DecoderConfig.TOOLKIT), toolkit.decoder().orElseThrow().over(tokens));
        assertEquals(DecodingConfig.PAPER, paper.decoding().decoding());
        assertEquals(DecodingConfig.TOOLKIT, toolkit.decoding().decoding());
        assertEquals(Spaces.CLEANED_UP, toolkit.decoding().spaces());
        assertEquals(RoleSequence.LENGTH, paper.length());
        for (RolesConfig config : List.of(paper, toolkit)) {
            assertEquals(config, RoleNetworkTest.config(ConfigWriter.write(config)));
        }
        RolesConfig model = ConfigReader.read(parts.resolve("gpt2-medium.yaml"), RolesConfig.class);
        assertEquals(DecodingConfig.GPT2, model.decoding().decoding());
        assertTrue(model.languageModel().orElseThrow().weights().isPresent() && model.tokens() == RolesConfig.Tokens.ALL);
    }

    private static DecoderConfig over(TokenTable tokens, DecoderConfig decoder) {
        assertEquals(List.of(TOKENIZER.size(), TOKENIZER.padding(), TOKENIZER.end()), List.of(tokens.size(), tokens.pad(), tokens.end()));
        return decoder.withVocabulary(tokens.size(), tokens.pad(), tokens.end());
    }
}
