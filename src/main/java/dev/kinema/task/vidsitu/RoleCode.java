package dev.kinema.task.vidsitu;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The short code of a role, by which roles of different verbs are one. */
public enum RoleCode {
    ARG0("Arg0"), ARG1("Arg1"), ARG2("Arg2"), ARG3("Arg3"), ARG4("Arg4"), ARG5("Arg5"),
    /** Where it happens, of verbs that have no role for it. */
    SCENE("AScn"),
    DIRECTION("ADir"), PURPOSE("APrp"), MANNER("AMnr"), LOCATION("ALoc"), GOAL("AGol");

    /** What the release's files call {@link #SCENE}. */
    public static final String SCENE_NAME = "Scene of the Event";

    /** Those that are scored. */
    public static final List<RoleCode> SCORED = List.of(ARG0, ARG1, ARG2, LOCATION, SCENE);
    /** Modifiers, in the order in which a name is searched for them. */
    private static final List<RoleCode> MODIFIERS = List.of(DIRECTION, PURPOSE, MANNER, LOCATION, GOAL);

    private final String code;

    RoleCode(String code) {
        this.code = code;
    }

    /** Such as {@code Arg0} or {@code AScn}. */
    public String code() {
        return code;
    }

    /** What begins the role in a sequence of tokens, such as {@code <Arg0>}. */
    public String marker() {
        return "<" + code + ">";
    }

    /** What would end it, {@code </Arg0>}; the toolkit's vocabulary has it, and its models do not use it. */
    public String endMarker() {
        return "</" + code + ">";
    }

    /** The code of this text; empty where there is none. */
    public static Optional<RoleCode> of(String code) {
        return Arrays.stream(values()).filter(role -> role.code.equals(code)).findFirst();
    }

    /**
     * The code of a role's full name, by the toolkit's rules: the first word of {@code Arg0 (walker)} whatever follows; the scene by its
     * whole name; {@code ArgM (...)} by the modifier that it contains.
     *
     * @return empty where the name is no role's
     */
    public static Optional<RoleCode> ofName(String name) {
        if (name.equals(SCENE_NAME)) {
            return Optional.of(SCENE);
        }
        String first = name.split(" ", 2)[0];
        if (first.equals("ArgM")) {
            return MODIFIERS.stream().filter(role -> name.contains(role.name().toLowerCase(Locale.ROOT))).findFirst();
        }
        return first.matches("Arg[0-5]") ? of(first) : Optional.empty();
    }
}
