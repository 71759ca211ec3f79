package dev.kinema.task.vidsitu;

import dev.kinema.KinemaException;

/**
 * A role of an event and what fills it. Two roles are filled by the same entity where their texts are equal, to the letter.
 *
 * @param name full, such as {@code Arg0 (walker)}
 * @param code short
 * @param text as the annotator typed it; may be empty, and have any white space
 */
public record Role(String name, RoleCode code, String text) {
    /**
     * A role by its full name.
     *
     * @throws KinemaException if it is no role's name
     */
    public static Role of(String name, String text) {
        return new Role(name, RoleCode.ofName(name).orElseThrow(() -> new KinemaException(Quoted.of(name) + " " + NO_ROLE)), text);
    }

    static final String NO_ROLE = "is no role's name: it must be 'Arg0 (...)' to 'Arg5 (...)', 'ArgM (...)' with direction, purpose,"
        + " manner, location or goal, or '" + RoleCode.SCENE_NAME + "'";
}
