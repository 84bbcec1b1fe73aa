package org.mobula.core.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks the static method of a record or interface that makes one from a single scalar, so that a
 * file may say {@code learning-rate: 0.001} instead of {@code learning-rate: {constant: {value:
 * 0.001}}}.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Shorthand {}
