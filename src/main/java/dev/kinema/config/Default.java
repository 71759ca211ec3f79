package dev.kinema.config;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The value of a record component whose key is not in the file, as YAML: {@code @Default("0.1") double dropout},
 * {@code @Default("[3, 4, 6, 3]") List<Integer> blocks}, {@code @Default("{}") Optimizer optimizer} (all defaults of the nested
 * record). It goes through the same checks as a value from a file. A component without it is required, unless it is an Optional.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Default {
    /** The value, in YAML. */
    String value();
}
