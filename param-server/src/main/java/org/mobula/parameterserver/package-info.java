/** The sharded parameter server: its settings, and the store through which a worker uses it. */
@NullMarked
package org.mobula.parameterserver;

import org.jspecify.annotations.NullMarked;
