package dev.kinema.metric;

import dev.kinema.KinemaException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The short codes that stand for VidSitu's names of semantic roles, such as Arg0 for "Arg0 (walker)" and AScn for "Scene of the Event". In
 * texts a role opens with its marker, {@code <Arg0>}.
 */
public final class RoleNames {
    /** What the release's files call AScn. */
    public static final String SCENE = "Scene of the Event";
    /** Codes of the roles that are scored. */
    public static final List<String> SCORED = List.of("Arg0", "Arg1", "Arg2", "ALoc", "AScn");
    /** Codes that have a marker: "Vb", for the verb, and the roles'. */
    public static final List<String> MARKED =
        List.of("Vb", "Arg0", "Arg1", "Arg2", "Arg3", "Arg4", "AScn", "ALoc", "APrp", "AGol", "ADir", "AMnr");

    private static final List<String> NUMBERED = List.of("Arg0", "Arg1", "Arg2", "Arg3", "Arg4", "Arg5");
    private static final String MODIFIER = "ArgM";
    /** What a modifier's name says, in the order in which it is looked for. */
    private static final Map<String, String> MODIFIERS = new LinkedHashMap<>();

    static {
        MODIFIERS.put("direction", "ADir");
        MODIFIERS.put("purpose", "APrp");
        MODIFIERS.put("manner", "AMnr");
        MODIFIERS.put("location", "ALoc");
        MODIFIERS.put("goal", "AGol");
    }

    private RoleNames() {
    }

    /**
     * The code of a role by its full name. What stands before the first space, if it is Arg0 to Arg5, is the code, whatever follows.
     *
     * @throws KinemaException if the name is none of a role
     */
    public static String code(String name) {
        return find(name).orElseThrow(() -> new KinemaException("'" + name + "' is no semantic role: name it 'Arg0 (...)' to 'Arg5 (...)', '"
            + SCENE + "', or 'ArgM (...)' with one of " + MODIFIERS.keySet()));
    }

    /** The same; empty where the name is none of a role. */
    public static Optional<String> find(String name) {
        String first = name.split(" ", 2)[0];
        if (NUMBERED.contains(first)) {
            return Optional.of(first);
        }
        if (name.equals(SCENE)) {
            return Optional.of("AScn");
        }
        if (first.equals(MODIFIER)) {
            return MODIFIERS.keySet().stream().filter(name::contains).findFirst().map(MODIFIERS::get);
        }
        return Optional.empty();
    }

    /** What opens a role in texts. */
    public static String marker(String code) {
        return "<" + code + ">";
    }
}
