/** NumPy's random numbers, bit for bit, and named streams split from one root seed. */
@NullMarked
package org.mobula.core.random;

import org.jspecify.annotations.NullMarked;
