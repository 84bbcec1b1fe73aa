/** The task runtime inside one JVM. */
@NullMarked
package org.mobula.core.runtime.local;

import org.jspecify.annotations.NullMarked;
