/** What a policy is worth, by recordings of another one alone. */
@NullMarked
package org.mobula.core.offline;

import org.jspecify.annotations.NullMarked;
