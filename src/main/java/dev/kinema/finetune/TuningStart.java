package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Sha256;
import dev.kinema.config.ConfigWriter;
import dev.kinema.data.FeatureFailure;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.embed.ContextualizerWeights;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.model.SlowConfig;
import dev.kinema.pretrain.Pretraining;
import dev.kinema.task.vidsitu.AddedTokens;
import dev.kinema.task.vidsitu.RelationPrediction;
import dev.kinema.task.vidsitu.RolePrediction;
import dev.kinema.task.vidsitu.RoleTokenizer;
import dev.kinema.task.vidsitu.Scores;
import dev.kinema.task.vidsitu.Scoring;
import dev.kinema.task.vidsitu.Situation;
import dev.kinema.task.vidsitu.Split;
import dev.kinema.task.vidsitu.VerbPrediction;
import dev.kinema.task.vidsitu.VerbVocabulary;
import dev.kinema.task.vidsitu.VidSituDataset;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** What the runs of a configuration start from: networks, events' features, and what is known without any. */
final class TuningStart {
    private static final long FEATURE_CACHE = 2L << 30;
    private static final int FEATURE_BATCH = 1;

    private final FinetuneConfig config;
    private final Path out;
    private final Device device;
    private final TuningClips clips;
    private final Optional<Pretraining.Result> pretrained;
    private final Finetuning.Watcher watcher;

    /**
     * @param out folder of all runs
     * @param pretrained what the configuration's pretraining made
     */
    TuningStart(FinetuneConfig config, Path out, Device device, TuningClips clips, Optional<Pretraining.Result> pretrained,
            Finetuning.Watcher watcher) {
        this.config = config;
        this.out = out;
        this.device = device;
        this.clips = clips;
        this.pretrained = pretrained;
        this.watcher = watcher;
    }

    /** The contextualizer's network, its variables where it was trained, and what tells it from others. */
    private record Context(Optional<ContextualizerConfig> network, Map<String, HostArray> start, String origin) {}

    /**
     * The configuration's tasks. Features of all clips' events are made first, if a task reads them.
     *
     * @throws KinemaException if weights or features do not fit, or features cannot be made
     */
    List<TunedTask<?>> tasks() {
        List<TunedTask<?>> tasks = new ArrayList<>();
        config.verbs().ifPresent(settings -> tasks.add(verbs(settings)));
        boolean sees = config.relations().isPresent() || config.roles().map(RolesConfig::sees).orElse(false);
        Optional<EventFeatures> features = sees ? Optional.of(features()) : Optional.empty();
        Context context = sees ? context() : new Context(Optional.empty(), Map.of(), "");
        config.roles().ifPresent(settings -> tasks.add(roles(settings, features, context)));
        config.relations().ifPresent(settings -> tasks.add(relations(settings, features.orElseThrow(), context)));
        return tasks;
    }

    private Map<String, String> inputs() {
        Map<String, String> inputs = new LinkedHashMap<>();
        inputs.put("device", config.device());
        inputs.put("dataset", clips.fingerprint());
        return inputs;
    }

    /** The file of a backbone that is not drawn at random. */
    private Optional<Path> backboneFile() {
        return config.backbone().map(FinetuneConfig.BackboneStart::weights)
            .orElseGet(() -> pretrained.flatMap(Pretraining.Result::backbone));
    }

    private TunedTask<VerbPrediction> verbs(VerbsConfig settings) {
        Optional<BackboneWeights> read = backboneFile().map(BackboneWeights::read);
        SlowConfig network = read.map(BackboneWeights::config)
            .orElseGet(() -> config.backbone().orElseThrow().network().orElseThrow().config());
        Map<String, HostArray> start = read.map(BackboneWeights::tensors).orElse(Map.of());
        VerbVocabulary vocabulary = vocabulary();
        Precision precision = config.precision().on(device);
        EventPictures pictures = new EventPictures(clips.dataset(), config.dataset(), network.clip());
        Map<String, String> inputs = inputs();
        inputs.put("precision", precision.name());
        inputs.put("backbone", backboneFile().map(Sha256::of).orElse("drawn"));
        inputs.put("vocabulary", Sha256.ofText(String.join("\n", vocabulary.symbols())));
        inputs.put("framing", config.dataset().framing().name());
        config.backbone().flatMap(FinetuneConfig.BackboneStart::network)
            .ifPresent(drawn -> inputs.put("network", Sha256.ofText(ConfigWriter.write(drawn))));
        Scoring scoring = new Scoring(Split.VALID, clips.valid());
        List<VerbPrediction> trivial = TrivialPredictions.of(clips.train()).verbs(clips.valid());
        return new TunedTask<>(TaskForm.VERBS, settings.tuning(), clips, test(Split.TEST_VERBS, this::hasPictures), inputs,
            ConfigWriter.write(settings),
            (seed, checked) -> new VerbNetwork(device, new Compilation(precision, true, checked), settings, network, vocabulary, pictures,
                clips.train(), start, seed, watcher::note),
            Map.of("most frequent verbs", TaskForm.VERBS.score(scoring, trivial)), Optional.empty());
    }

    private VerbVocabulary vocabulary() {
        VerbVocabulary vocabulary = clips.dataset().verbs();
        if (clips.dataset().vocabularyOrigin() == VidSituDataset.VocabularyOrigin.TRAIN) {
            watcher.note("verbs: the " + vocabulary.verbs().size() + " of the training annotations, as the release's are not there ("
                + clips.dataset().layout().pickledVocabulary() + ")");
        }
        return vocabulary;
    }

    private AddedTokens tokens() {
        AddedTokens tokens = clips.dataset().tokens();
        if (clips.dataset().tokensOrigin() == VidSituDataset.TokensOrigin.VERBS) {
            boolean train = clips.dataset().vocabularyOrigin() == VidSituDataset.VocabularyOrigin.TRAIN;
            watcher.note("tokens beyond GPT-2's: " + tokens.tokens().size() + ", made for the verbs of the "
                + (train ? "training annotations" : "vocabulary") + ", as the release's are not there (" + clips.dataset().layout().pickledTokens() + ")");
        }
        return tokens;
    }

    private boolean hasPictures(Situation situation) {
        return clips.dataset().media(situation.clip()).isPresent();
    }

    /** Clips of a test set, if each of them can be predicted: the leaderboard takes nothing less. */
    private List<Situation> test(Split split, Predicate<Situation> usable) {
        List<Situation> all = clips.tests().getOrDefault(split, List.of());
        long lacking = all.stream().filter(usable.negate()).count();
        if (lacking > 0) {
            watcher.note(lacking + " of " + all.size() + " clips of " + split.label() + " have no pictures or features: nothing is predicted of"
                + " them");
        }
        return lacking > 0 ? List.of() : all;
    }

    private TunedTask<RolePrediction> roles(RolesConfig settings, Optional<EventFeatures> features, Context context) {
        Optional<SeenEvents> seen = features.filter(present -> settings.sees())
            .map(present -> new SeenEvents(encoder(present, context, settings.eventWidth()), present));
        AddedTokens tokens = tokens();
        RoleTokenizer tokenizer = new RoleTokenizer(tokens);
        List<Situation> train = seen.isPresent() ? train(features.orElseThrow()) : clips.train();
        Map<String, HostArray> start = seen.isPresent() ? context.start() : Map.of();
        Map<String, String> inputs = seen.isPresent() ? inputs(features.orElseThrow(), context) : inputs();
        inputs.put("tokens", Sha256.ofText(String.join("\n", tokens.tokens())));
        settings.languageModel().flatMap(LanguageModelStart::weights).ifPresent(file -> inputs.put("language_model", Sha256.of(file)));
        Scoring scoring = new Scoring(Split.VALID, clips.valid());
        List<RolePrediction> trivial = TrivialPredictions.of(clips.train()).roles(clips.valid());
        return new TunedTask<>(TaskForm.ROLES, settings.tuning(), clips,
            test(Split.TEST_ROLES, situation -> seen.isEmpty() || features.orElseThrow().has(situation.clip().id())), inputs,
            ConfigWriter.write(settings),
            (seed, checked) -> new RoleNetwork(device, new Compilation(Precision.FP32, true, checked), settings, seen, tokenizer, train, start, seed),
            Map.of("most frequent argument of the verb's role", TaskForm.ROLES.score(scoring, trivial)), Optional.empty());
    }

    private TunedTask<RelationPrediction> relations(RelationsConfig settings, EventFeatures features, Context context) {
        SeenEvents seen = new SeenEvents(encoder(features, context, settings.eventWidth()), features);
        List<Situation> train = train(features);
        Scoring scoring = new Scoring(Split.VALID, clips.valid());
        Scores trivial = TaskForm.RELATIONS.score(scoring, TrivialPredictions.of(clips.train()).relations(clips.valid()));
        return new TunedTask<>(TaskForm.RELATIONS, settings.tuning(), clips,
            test(Split.TEST_RELATIONS, situation -> features.has(situation.clip().id())), inputs(features, context),
            ConfigWriter.write(settings),
            (seed, checked) -> new RelationNetwork(device, new Compilation(Precision.FP32, true, checked), settings, seen, train, context.start(), seed),
            Map.of("most frequent relation", trivial), Optional.of(TrivialPredictions.relationChance(scoring, clips.valid())));
    }

    private EventEncoder encoder(EventFeatures features, Context context, int width) {
        boolean trained = config.contextualizer().map(FinetuneConfig.ContextualizerStart::trained).orElse(true);
        return new EventEncoder(features.width(), context.network(), trained, width);
    }

    private Map<String, String> inputs(EventFeatures features, Context context) {
        Map<String, String> inputs = inputs();
        inputs.put("features", features.fingerprint());
        inputs.put("contextualizer", context.origin());
        return inputs;
    }

    /** Training clips that have features; more than may be must not lack them. */
    private List<Situation> train(EventFeatures features) {
        List<Situation> usable = clips.train().stream().filter(situation -> features.has(situation.clip().id())).toList();
        int lacking = clips.train().size() - usable.size();
        if (lacking > config.dataset().maxMissing() * clips.train().size()) {
            throw new KinemaException(lacking + " of " + clips.train().size() + " training clips have no features, more than the share of "
                + config.dataset().maxMissing() + " that may: add their films, leave them out, or raise dataset.max_missing");
        }
        return usable;
    }

    private EventFeatures features() {
        EventFeatures features = config.features().map(folder -> StoredEventFeatures.open(folder, FEATURE_CACHE)).orElseGet(this::made);
        clips.valid().stream().filter(situation -> !features.has(situation.clip().id())).findFirst().ifPresent(situation -> {
            throw new KinemaException("clip '" + situation.clip() + "' of valid has no features, and all of its clips are scored: add its film,"
                + " or leave the clip out (dataset.leave_out)");
        });
        return features;
    }

    private StoredEventFeatures made() {
        Path weights = backboneFile().orElseGet(this::drawn);
        Path folder = out.resolve("features");
        watcher.begun("features", folder);
        List<Situation> all = new ArrayList<>(clips.train());
        all.addAll(clips.valid());
        clips.tests().forEach((split, situations) -> {
            if (split != Split.TEST_VERBS) {
                all.addAll(situations);
            }
        });
        BackboneFeatures.Result result = new BackboneFeatures(device, config.precision().on(device), BackboneWeights.read(weights),
            Sha256.of(weights), clips.dataset(), config.dataset()).write(folder, all, FEATURE_BATCH, watcher, watcher::note);
        for (FeatureFailure failure : result.failed()) {
            watcher.note("clip '" + failure.film().id() + "' has no features: " + failure.reason());
        }
        watcher.ended("features", folder, result.done() == 0);
        return StoredEventFeatures.open(folder, FEATURE_CACHE);
    }

    /** A backbone that nobody trains is the same for all seeds, and is kept in a file, so that its features have an origin. */
    private Path drawn() {
        Path file = out.resolve("backbone.safetensors");
        SlowConfig network = config.backbone().orElseThrow().network().orElseThrow().config();
        BackboneWeights.random(network, config.seed()).write(file, config.seed(), 0);
        return file;
    }

    private Context context() {
        if (config.contextualizer().isEmpty()) {
            return new Context(Optional.empty(), Map.of(), "none");
        }
        FinetuneConfig.ContextualizerStart start = config.contextualizer().get();
        if (start.network().isPresent()) {
            String network = Sha256.ofText(ConfigWriter.write(start.network().get()));
            return new Context(start.network(), Map.of(), "drawn " + network + (start.trained() ? "" : ", not trained"));
        }
        Path file = start.weights().orElseGet(() -> pretrained.flatMap(Pretraining.Result::contextualizer).orElseThrow());
        ContextualizerWeights weights = ContextualizerWeights.read(file);
        backboneFile().ifPresent(backbone -> weights.training().filter(known -> !known.backboneSha256().equals(Sha256.of(backbone)))
            .ifPresent(known -> {
                throw new KinemaException(file + ": was trained on features of another backbone than " + backbone + " (SHA-256 "
                    + known.backboneSha256() + "): give the backbone that it was trained with");
            }));
        Map<String, HostArray> variables = new LinkedHashMap<>();
        weights.tensors().forEach((name, tensor) -> {
            if (!name.equals("mask_token")) {
                variables.put(EventEncoder.CONTEXTUALIZER + "." + name, tensor);
            }
        });
        return new Context(Optional.of(weights.config()), variables, Sha256.of(file) + (start.trained() ? "" : ", not trained"));
    }
}
