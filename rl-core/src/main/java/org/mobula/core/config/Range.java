package org.mobula.core.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Bounds of a number, of a duration in seconds, of a {@link Course} from its start to its end, or
 * of each of them in a list; held by {@link Constraints#check}.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Range {
  /** The least value. */
  double min() default Double.NEGATIVE_INFINITY;

  /** The greatest value. */
  double max() default Double.POSITIVE_INFINITY;

  /** A number that the value must exceed. */
  double exclusiveMin() default Double.NEGATIVE_INFINITY;

  /** A number that the value must stay below. */
  double exclusiveMax() default Double.POSITIVE_INFINITY;

  /** Whether infinity is a value too; never is NaN. */
  boolean infinite() default false;
}
