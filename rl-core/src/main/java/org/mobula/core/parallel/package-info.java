/** Threads that share memory, for work of microseconds; tasks and actors are in the runtime. */
@NullMarked
package org.mobula.core.parallel;

import org.jspecify.annotations.NullMarked;
