/** Advantages and returns from rewards and values; pure functions on arrays. */
@NullMarked
package org.mobula.core.returns;

import org.jspecify.annotations.NullMarked;
