/** Environments as pictures, episodes as moving ones; no display is needed. */
@NullMarked
package org.mobula.core.rendering;

import org.jspecify.annotations.NullMarked;
