package dev.kinema.task.vidsitu;

import dev.kinema.metric.RoleNames;
import java.util.Arrays;
import java.util.Optional;

/** The short code of a role, by which roles of different verbs are one. */
public enum RoleCode {
    ARG0("Arg0"), ARG1("Arg1"), ARG2("Arg2"), ARG3("Arg3"), ARG4("Arg4"), ARG5("Arg5"),
    /** Where it happens, of verbs that have no role for it. */
    SCENE("AScn"),
    DIRECTION("ADir"), PURPOSE("APrp"), MANNER("AMnr"), LOCATION("ALoc"), GOAL("AGol");

    /** What the release's files call {@link #SCENE}. */
    public static final String SCENE_NAME = RoleNames.SCENE;

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
        return RoleNames.marker(code);
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
     * The code of a role's full name, by the rules of {@link RoleNames}.
     *
     * @return empty where the name is no role's
     */
    public static Optional<RoleCode> ofName(String name) {
        return RoleNames.find(name).flatMap(RoleCode::of);
    }
}
