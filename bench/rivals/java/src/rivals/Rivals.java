// SPDX-License-Identifier: BSD-2-Clause
package rivals;

import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** JMH on each contender, a JVM each, with one thread and with two; a row each. */
@State(Scope.Benchmark)
public class Rivals {
	@Param("")
	public String contender;

	private BooleanSupplier call;

	@Setup
	public void make() {
		Contender c = Contender.valueOf(contender);
		call = c.call.apply(c.make.get());
		check();
	}

	@TearDown
	public void check() {
		if (!call.getAsBoolean())
			throw new IllegalStateException(contender + ": a call did not come out as it must");
	}

	@Benchmark
	public boolean call() {
		return call.getAsBoolean();
	}

	private static long heap() {
		Runtime r = Runtime.getRuntime();
		for (int i = 0; i < 3; i++)
			System.gc();
		return r.totalMemory() - r.freeMemory();
	}

	/** What one more of them adds to the heap; the first round loads the classes. */
	private static long bytesOf(Supplier<Object> make) {
		Object[] kept = new Object[4000];
		long bytes = 0;
		for (int from = 0; from < kept.length; from += kept.length / 2) {
			long before = heap();
			for (int i = from; i < from + kept.length / 2; i++)
				kept[i] = make.get();
			bytes = Math.round((double) (heap() - before) / (kept.length / 2));
		}
		return kept[0] == null ? 0 : bytes;
	}

	private static String versionOf(String jar) {
		Matcher m = Pattern.compile("/" + jar + "-([^/:]+)\\.jar").matcher(System.getProperty("java.class.path"));
		return m.find() ? m.group(1) : "?";
	}

	private static void print(RunResult run, Contender c, int threads, long bytes) {
		String garbage = "-";
		for (Result<?> r : run.getSecondaryResults().values())
			if (r.getLabel().endsWith("gc.alloc.rate.norm"))
				garbage = Long.toString(Math.round(r.getScore()));
		System.out.printf(Locale.ROOT, "Java\t%s\t%s\t%s\t%s\t%d\t%.2f\t%d\t%s\t%s%n", c.library, versionOf(c.jar),
				c.mode, c.outcome, threads, run.getPrimaryResult().getScore(), bytes, garbage, c.clock);
	}

	public static void main(String[] args) throws Exception {
		String ms = System.getenv().getOrDefault("RIVAL_MS", "100");
		String[] names = Arrays.stream(Contender.values()).map(Enum::name).toArray(String[]::new);
		for (int threads = 1; threads <= 2; threads++)
			for (RunResult run : new Runner(new OptionsBuilder()
					.include("rivals.Rivals.call").param("contender", names).threads(threads).forks(1)
					.mode(org.openjdk.jmh.annotations.Mode.AverageTime).timeUnit(TimeUnit.NANOSECONDS)
					.warmupIterations(2).warmupTime(TimeValue.milliseconds(200))
					.measurementIterations(2).measurementTime(TimeValue.milliseconds(Long.parseLong(ms)))
					.addProfiler(GCProfiler.class).shouldFailOnError(true).verbosity(VerboseMode.SILENT)
					.build()).run()) {
				Contender c = Contender.valueOf(run.getParams().getParam("contender"));
				print(run, c, threads, bytesOf(c.make));
			}
	}
}
