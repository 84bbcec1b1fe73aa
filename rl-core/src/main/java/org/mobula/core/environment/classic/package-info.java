/** The classic control problems with Gymnasium's physics. */
@NullMarked
package org.mobula.core.environment.classic;

import org.jspecify.annotations.NullMarked;
