package dev.kinema.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import dev.kinema.checkpoint.PickleWriter;
import dev.kinema.checkpoint.PickleWriter.Call;
import dev.kinema.checkpoint.PickleWriter.Global;
import dev.kinema.data.Film;
import dev.kinema.data.FilmList;
import dev.kinema.data.ListFormat;
import dev.kinema.task.vidsitu.Clip;
import dev.kinema.task.vidsitu.Split;
import dev.kinema.task.vidsitu.VidSituDataset;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VidSituCommandTest {
    @TempDir
    private static Path folder;
    private static Path dataset;

    @BeforeAll
    static void make() {
        dataset = folder.resolve("made");
        String out = CommandRun.of("vidsitu", "make", dataset, "--train", 2, "--valid", 1, "--seed", 3).done().out();
        assertTrue(out.contains("3 clips (seed 3)"), out);
    }

    @Test
    void checkSaysWhatIsThere() {
        String out = CommandRun.of("vidsitu", "check", dataset).done().out();
        assertTrue(out.contains("missing: vsitu_vocab/verb_id_vocab.pkl") && out.contains("from train's annotations"), out);
        String valid = out.lines().filter(line -> line.startsWith("valid")).findFirst().orElseThrow();
        assertEquals(List.of("valid", "1", "0", "1", "3", "1", "1", "0", "0"), List.of(valid.split(" +")));
        assertTrue(out.contains("missing: vsitu_vocab/bpe_with_seps_vb_arg_vocab.pkl") && out.contains("made for these verbs"), out);
        // lists of three test sets, annotations of two, the vocabulary, and the tokens
        assertEquals(7, out.lines().filter(line -> line.startsWith("missing: ")).count(), out);
    }

    @Test
    void tokensAreHeldAgainstTheVerbs() throws IOException {
        Path made = folder.resolve("tokens");
        CommandRun.of("vidsitu", "make", made, "--train", 2, "--valid", 1, "--seed", 3).done();
        List<String> tokens = new ArrayList<>(VidSituDataset.open(made).tokens().tokens());
        Path file = made.resolve("vsitu_vocab/bpe_with_seps_vb_arg_vocab.json");
        Files.createDirectories(file.getParent());
        Files.writeString(file, new Gson().toJson(tokens));
        String out = CommandRun.of("vidsitu", "check", made).done().out();
        String whole = tokens.size() + " tokens after GPT-2's 50257, from bpe_with_seps_vb_arg_vocab.json";
        assertTrue(out.lines().anyMatch(whole::equals) && !out.contains("missing: vsitu_vocab/bpe"), out);

        String verb = tokens.set(0, "unheard.01");
        tokens.remove("</Arg3>");
        Files.writeString(file, new Gson().toJson(tokens));
        out = CommandRun.of("vidsitu", "check", made).done().out();
        assertTrue(out.contains("json; 1 are no verb, no role's mark and not padding (unheard.01); 2 verbs or roles' marks have none, and"
            + " become several (" + verb + ", </Arg3>)"), out);

        tokens.add("<Arg0>");
        Files.writeString(file, new Gson().toJson(tokens));
        CommandRun run = CommandRun.of("vidsitu", "check", made);
        run.failed(ExitCode.FAILED, "bpe_with_seps_vb_arg_vocab.json: token " + (tokens.size() - 1), "<Arg0>", "is there already");
        assertFalse(run.out().contains("after GPT-2's"), run.out());
    }

    @Test
    void leftOutClipsAreCounted() throws IOException {
        String text = Files.readString(dataset.resolve("vidsitu_annotations/split_files/vseg_split_train_lb.json"));
        Path list = Files.writeString(folder.resolve("out.csv"), "clip\n" + text.split("\"")[1] + "\nv_Elsewhere_seg_0_10\n");
        String out = CommandRun.of("vidsitu", "check", dataset, "--leave-out", list).done().out();
        String train = out.lines().filter(line -> line.startsWith("train")).findFirst().orElseThrow();
        assertEquals(List.of("train", "2", "1", "1", "1", "0", "1", "0", "0"), List.of(train.split(" +")));
        CommandRun.of("vidsitu", "check", dataset, "--leave-out", folder.resolve("none")).failed(ExitCode.FAILED, "none");
    }

    @Test
    void malformedAndMissingFilesFail() throws IOException {
        Path broken = folder.resolve("broken");
        CommandRun.of("vidsitu", "make", broken, "--train", 1, "--valid", 1).done();
        Path file = broken.resolve("vidsitu_annotations/vseg_ann_files/vsann_train_lb.json");
        Files.writeString(file, Files.readString(file).replaceFirst("\"VerbID\"", "\"Verb-Id\""));
        CommandRun run = CommandRun.of("vidsitu", "check", broken);
        assertEquals(ExitCode.FAILED, run.code());
        assertTrue(run.err().contains("field Ev1.VerbID: is missing") && run.err().contains("has 0 annotations"), run.err());
        assertTrue(run.err().lines().allMatch(line -> line.startsWith("kinema: ")), run.err());
        Files.delete(file);
        CommandRun.of("vidsitu", "check", broken).failed(ExitCode.FAILED, "files that training and validation need are missing");
    }

    @Test
    void wrongUsageIsNamed() {
        CommandRun.of("vidsitu").failed(ExitCode.USAGE, "check, make, vocabulary, films, score");
        CommandRun.of("vidsitu", "make", folder.resolve("no"), "--train", 0).failed(ExitCode.USAGE, "--train 0");
        CommandRun.of("vidsitu", "make", dataset).failed(ExitCode.FAILED, "is there already");
        CommandRun.of("vidsitu", "check", folder.resolve("nowhere")).failed(ExitCode.FAILED, "nowhere", "vidsitu_annotations");
    }

    @Test
    void vocabularyBecomesJson() throws IOException {
        Map<String, Object> state = new LinkedHashMap<>();
        state.put("symbols", List.of("<s>", "<pad>", "</s>", "<unk>", "speak.01"));
        state.put("indices", new LinkedHashMap<>(Map.of("<s>", 0, "<pad>", 1, "</s>", 2, "<unk>", 3, "speak.01", 4)));
        Path pickle = Files.write(folder.resolve("verb_id_vocab.pkl"),
            PickleWriter.pickle(new Call(new Global("fairseq.data.dictionary", "Dictionary"), List.of(), state)));
        Path json = folder.resolve("verbs.json");
        String out = CommandRun.of("vidsitu", "vocabulary", pickle, json).done().out();
        assertTrue(out.contains("1 verbs and 4 special symbols"), out);
        assertTrue(Files.readString(json).contains("\"speak.01\""));
        Files.writeString(pickle, "cos\nsystem\n(S'true'\ntR.");
        CommandRun.of("vidsitu", "vocabulary", pickle, json).failed(ExitCode.FAILED, "os.system", "refuses");
    }

    @Test
    void tokensBecomeJsonToo() throws IOException {
        String state = "{\"added_tokens\":[{\"id\":50257,\"content\":\"a.01\"},{\"id\":50258,\"content\":\"[PAD]\"}]}";
        Call backend = new Call(new Global("tokenizers", "Tokenizer"), List.of(), state.getBytes(StandardCharsets.UTF_8));
        Path pickle = Files.write(folder.resolve("bpe.pkl"), PickleWriter.pickle(new Call(
            new Global("transformers.tokenization_gpt2", "GPT2TokenizerFast"), List.of(),
            Map.of("_tokenizer", backend, "_pad_token", "[PAD]"))));
        Path json = folder.resolve("tokens.json");
        String out = CommandRun.of("vidsitu", "vocabulary", pickle, json).done().out();
        assertTrue(out.contains("2 tokens after GPT-2's 50257, of which [PAD] is padding"), out);
        assertTrue(Files.readString(json).contains("\"a.01\""));
    }

    @Test
    void filmsOfASplitAreListed() throws IOException {
        Path list = folder.resolve("train.txt");
        String out = CommandRun.of("vidsitu", "films", dataset, "--split", "train", "--out", list).done().out();
        assertTrue(out.contains("2 films of train"), out);
        List<Film> films = FilmList.read(list, ListFormat.standard()).films();
        List<String> ids = VidSituDataset.open(dataset).clips(Split.TRAIN).stream().map(Clip::id).toList();
        assertEquals(ids, films.stream().map(film -> film.path().getFileName().toString().replaceFirst("\\..*", "")).toList());
        assertTrue(films.stream().allMatch(film -> Files.isRegularFile(film.path()) && !film.isLabelled()));

        Path leaveOut = Files.writeString(folder.resolve("leave.csv"), ids.get(0) + "\n");
        CommandRun.of("vidsitu", "films", dataset, "--split", "train", "--out", list, "--leave-out", leaveOut).done();
        assertEquals(films.subList(1, 2), FilmList.read(list, ListFormat.standard()).films());

        Path few = folder.resolve("few");
        CommandRun.of("vidsitu", "make", few, "--train", 2, "--valid", 1).done();
        Clip gone = VidSituDataset.open(few).clips(Split.TRAIN).get(1);
        Files.delete(VidSituDataset.open(few).media(gone).orElseThrow().path());
        CommandRun.of("vidsitu", "films", few, "--split", "train", "--out", list).failed(ExitCode.FAILED, "1 clip has neither", gone.id());
        CommandRun run = CommandRun.of("vidsitu", "films", few, "--split", "train", "--out", list, "--max-missing", 0.5);
        assertEquals(ExitCode.DONE, run.code());
        assertTrue(run.err().contains(gone.id()) && run.out().contains("1 films of train"), run.err());
    }

    @Test
    void wrongUsageOfFilmsIsNamed() {
        Path list = folder.resolve("no.txt");
        CommandRun.of("vidsitu", "films", dataset, "--split", "test", "--out", list).failed(ExitCode.USAGE, "--split test", "testevrel");
        CommandRun.of("vidsitu", "films", dataset, "--split", "train", "--out", list, "--max-missing", 2).failed(ExitCode.USAGE, "2");
        CommandRun.of("vidsitu", "films", dataset, "--split", "train", "--out", list, "--separator", "/")
            .failed(ExitCode.FAILED, "separator");
        CommandRun.of("vidsitu", "films", dataset, "--split", "testvb", "--out", list).failed(ExitCode.FAILED, "testvb");
    }
}
