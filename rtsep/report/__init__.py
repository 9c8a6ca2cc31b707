"""What a run or a file tells: tables, spectrograms, SDR."""
