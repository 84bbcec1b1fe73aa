/** What was answered and what came of it, as Parquet files for offline learning. */
@NullMarked
package org.mobula.serve.record;

import org.jspecify.annotations.NullMarked;
