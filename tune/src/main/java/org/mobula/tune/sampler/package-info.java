/** Rules that choose the parameters of a new trial. */
@NullMarked
package org.mobula.tune.sampler;

import org.jspecify.annotations.NullMarked;
