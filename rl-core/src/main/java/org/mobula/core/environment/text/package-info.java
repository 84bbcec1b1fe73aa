/** The small tabular problems that Gymnasium calls toy text, with its rules and random numbers. */
@NullMarked
package org.mobula.core.environment.text;

import org.jspecify.annotations.NullMarked;
