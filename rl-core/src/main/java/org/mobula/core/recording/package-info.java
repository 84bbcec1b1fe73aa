/** Recorded episodes as Parquet files: written, read back, and looked over. */
@NullMarked
package org.mobula.core.recording;

import org.jspecify.annotations.NullMarked;
