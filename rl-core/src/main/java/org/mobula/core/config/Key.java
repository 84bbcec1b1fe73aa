package org.mobula.core.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The key that chooses this record among the alternatives of a sealed interface; without it, the
 * record's simple name in kebab-case.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Key {
  /** The key. */
  String value();
}
