/** Worlds to act in, one or many at a time, and the wrappers around them. */
@NullMarked
package org.mobula.core.environment;

import org.jspecify.annotations.NullMarked;
